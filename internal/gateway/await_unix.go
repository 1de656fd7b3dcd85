//go:build unix

package gateway

import (
	"errors"
	"syscall"
)

// await returns when there is something to read, or an error to be read. It parks
// the goroutine high up on its stack, so that this stays small; over TLS it returns
// at once.
func (c *conn) await() error {
	if c.raw == nil {
		return nil
	}
	waited := false
	return c.raw.Read(func(fd uintptr) bool {
		if waited {
			return true
		}
		waited = true
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		return !errors.Is(err, syscall.EAGAIN)
	})
}
