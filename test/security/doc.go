// Package security tests what docs/security.md says: who may call what, what the
// log tells, and what hostile clients gain.
package security
