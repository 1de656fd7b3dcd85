// Package rbm holds the words and the limits of the RCS for Business API: the
// AgentMessage and everything below it, agent events, capabilities, testers,
// files, what users send back, their JSON in and out, and the one error type.
//
// It is pure: no clock, no I/O, no goroutine. A request body goes through
//
//	m, err := rbm.DecodeAgentMessage(body)  // JSON, strict first, then as lenient as Google
//	err = m.Validate(now)                   // every limit, all violations at once
//	err = rbm.CheckFeatures(m, features)    // what the device can show
//	out, err := rbm.MarshalPretty(m)        // JSON as Google prints it
//
// Every error that these functions return is an [*Error].
//
// The comments cite the project's facts sheet, as in facts/rbm-api.md §2.4; the
// numbers themselves are in limits.go, one row for each rule.
package rbm
