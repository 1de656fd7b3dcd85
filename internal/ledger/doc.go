// Package ledger says what is written where: the layout of the keys, the
// encoding of the records, which rows change together, and the format's version.
// Everything durable goes through it, one atomic commit a change.
//
// An accepted agentMessage is three small facts and one large one:
//
//	i agent id        its state: the id used once, the lock of every transition
//	m seq             its body, in order of arrival, never rewritten
//	q phone seq       its place in the phone's mailbox, gone when it is delivered
//	d time seq        its expiry, only when it has one
//
// A notice that is given up becomes a row "g agent time event", of which the last
// thousand of an agent stay. What the agent is to be told waits as rows "o agent due event" until its
// webhook answers 200. What a phone has sent leaves a row "u phone agent id", so
// that a repeat is absorbed. The remaining kinds are tables of JSON documents
// (Table) and the store's own facts ("x").
package ledger
