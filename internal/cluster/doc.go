// Package cluster lets many equal nodes work on one store. Nothing of the users'
// passes between nodes but through the store: they send each other hints, which may
// be lost, and hand on requests about a phone that is connected elsewhere.
//
// A node is alive as long as its record is in the store. It raises a counter in it
// every Beat; whoever has not seen that counter change for Dead, by its own
// monotonic clock, removes the record, checking that it is still the same. So all
// agree on who is dead, whatever their clocks show. A node that could not read the store
// for a while begins to count anew. A node that finds its record gone closes its phones
// and begins anew.
//
// Work that is one node's at a time is spread over shards. A shard has a lease, a
// record with the session of its owner, and belongs to the living node that rendezvous
// hashing says: its owner gives it up, or is dead, before that node takes it. Whoever
// could not raise its counter for a while counts none of its leases.
package cluster
