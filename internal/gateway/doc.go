// Package gateway is the phone's face: it speaks the device protocol
// (docs/device-protocol.md) over WebSocket, and is the engine's Link to every
// phone that is connected.
//
// An idle phone costs one goroutine, its reader, with the smallest stack there is, and no
// buffer and no timer: input.go borrows for what comes, one sweeper pings
// all phones and finds the dead ones, and what goes to a phone is written by the
// engine's pump.
package gateway
