// Package loadgen loads a server from outside and says how it bore it: how fast
// it accepts, how long a message takes to its phone and its receipt to the
// agent, and whether anything was lost, doubled or out of order on the way. It
// uses nothing but the public APIs.
//
// With a rate it is an open loop: messages are due at fixed times whether the
// server keeps up or not, and latency counts from the time when a message was due,
// so a server that stalls is not spared the messages that wait meanwhile. Without a
// rate it is a closed loop: every connection sends its next message when the last
// one is answered.
package loadgen
