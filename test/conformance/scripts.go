// Package conformance holds the conformance scripts of the API: raw HTTP, as the
// official clients send it, and the answers that they count on. internal/conformance
// describes the format; `openrbm conformance` runs them against any server.
package conformance

import "embed"

// Scripts are the scripts, NAME.txt.
//
//go:embed *.txt
var Scripts embed.FS
