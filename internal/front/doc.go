// Package front is what stands before all handlers and knows nothing of what they
// do: how many connections there may be (listener.go), from where a request really
// comes (clients.go), how often a stranger may try to get in (logins.go), what
// every answer tells browsers (headers.go), and under which certificate all this
// is served (certificates.go, acme.go).
package front
