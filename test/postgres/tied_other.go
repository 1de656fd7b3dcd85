//go:build !linux

package postgres

import "os/exec"

// startTied starts a process. Where the system cannot tie it to this one, it
// outlives a test that is killed.
func startTied(cmd *exec.Cmd) error { return cmd.Start() }

// dropShared frees the shared memory of a server that could not do it itself.
func dropShared(string) {}
