// Package outbox brings to every agent's webhook what waits for it in the
// ledger: it signs, posts, and retires what was answered with 200; anything else
// is attempted again, at growing intervals, for seven days
// (facts/rbm-api.md §3.3 and §3.4).
//
// Each agent that has something waiting has a courier, a goroutine of its own,
// so that one agent's dead webhook never delays another's. Within one agent a
// notice that keeps failing waits for its next attempt in the ledger, out of the
// way of the others. Delivery is at least once and roughly in order.
//
// A hint is never needed: a sweep finds the agents that have notices waiting.
package outbox
