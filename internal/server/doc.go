// Package server puts the platform together: configuration, wiring, start,
// drain and stop.
//
// A tour of the code, in reading order:
//
//  1. rbm: the words of the API. AgentMessage and all below it, the limits, the
//     errors, JSON in and out.
//  2. internal/delivery: the life of a message, as one table.
//  3. internal/store: the seam to the database, and its implementations.
//  4. internal/ledger: what is written where, and what changes together.
//  5. internal/engine: accept.go for the way in, mailbox.go and pump.go for the
//     way to a phone, revoke.go and expiry.go for the way back.
//  6. internal/outbox: the way to the agent's webhook.
//  7. internal/auth and internal/registry: who may call, and who exists.
//     internal/media: the files of messages.
//     internal/front: what stands before all handlers, and internal/netguard: where
//     the server may be made to connect to. docs/security.md says why.
//  8. internal/httpapi: routes.go is the table of all calls.
//  9. internal/gateway: the phones' side, spoken with the frames of internal/frame;
//     docs/device-protocol.md is its reference.
//  10. internal/cluster: many servers on one PostgreSQL (docs/cluster.md).
//     internal/journal, internal/trend and internal/console: what the console shows, and the console.
//     internal/archive: what a backup is.
//  11. This package: Config is the manual of all settings; Server.build joins the
//     parts; Server.route says what is served where.
//
// internal/sim lets all of 2 to 6 live in worlds that break, and checks the laws.
//
// The other side of the wire is in client (agents and administrators) and phone.
package server
