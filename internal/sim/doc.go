// Package sim is a world that breaks: the real ledger, engine and outbox among
// phones that come and go, agents that repeat themselves, webhooks that fail, a
// store that fails before and after it has written, nodes that crash, and clocks
// that jump. Everything that happens in a world follows from its seed, so a world
// that goes wrong can be watched again, step by step.
//
// # How a world is made to happen the same way twice
//
// A world lives in a testing/synctest bubble, which gives it a time of its own and
// tells when every goroutine waits. That alone leaves the order of goroutines to
// the scheduler of Go. So nothing of the platform passes a boundary by itself: an
// operation on the store, an effect for a phone, a call of a webhook, an answer, and
// the moment when a goroutine begins or has been woken (clock.Turn) are parked as
// operations. When all goroutines wait, the world picks one that is ready, by its
// seed, performs it, and lets that one goroutine go on until it waits again. Between
// two steps only one goroutine works, and it parks before it touches what others
// share. What was parked in one step is sorted by its meaning before anything is
// drawn. A world is so a sequence of single steps: its transcript.
//
// The alternative, a link and a clock passed in without a bubble, knows no end of a
// step: only the runtime knows when everybody waits. What parks is outside of the
// platform but for clock.Turn, which is one comparison with nil in production.
//
// # What is faithful
//
// The store keeps the promises of its seam (store.DB) and no others: what was
// answered with nil is durable; everything else may be written, not written, or written
// later. Below those faults is a store in memory or a real one (Ground), which works outside
// of the bubble: while it does, the world's time stands still. It is asked one thing at
// a time, so that commits do not meet in it; the suites of the stores are about that. The phone keeps docs/device-protocol.md and was written from it, beside
// package phone. The oracle believes only what crosses the boundaries and what
// the durable records say.
package sim
