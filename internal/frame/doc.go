// Package frame is the words of the device protocol (docs/device-protocol.md):
// the frames that a phone and the server exchange, as Go types, their limits, and
// their form on the wire. It does no I/O.
//
// What the server sends most is appended by hand, so that a stored agentMessage
// goes out byte for byte without being parsed again.
package frame
