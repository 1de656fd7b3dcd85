// Package conformance runs text scripts of raw HTTP against a server that speaks
// the RCS for Business API, wherever it is. Requests go out byte for byte as they
// are written, without an HTTP client between that would tidy them.
//
// # The format
//
// A script is a list of steps:
//
//	=== send a text
//	# Lines that begin with # before the request line are comments.
//	POST /v1/phones/${PHONE}/agentMessages?messageId=${ID1}&agentId=${AGENT} HTTP/1.1
//	Host: ${HOST}
//	authorization: Bearer ${TOKEN}
//	content-length: ${LENGTH}
//
//	{'contentMessage': {'text': 'Hello'}, 'ttl': '10s',}
//	>>> 200
//	X-Content-Type-Options: nosniff
//
//	{
//	  "name": "phones/${PHONE}/agentMessages/${ID1}",
//	  "sendTime": "<time=SENT>",
//	  "contentMessage": {"text": "Hello"},
//	  "carrier?": "<any>",
//	  "expireTime": "<time SENT+10s>"
//	}
//
// The request ends before the line ">>> STATUS". Its head goes out with CRLF, its
// body as it is, without the last newline. A line "@body crlf gzip chunked", or with
// one or two of these words, before the request line says how the body travels:
// crlf, as multipart bodies need it, ends its lines with CRLF; for the others the
// head must say the same. Each step has a connection of its own.
//
// After ">>> STATUS" come the headers that the answer must have, and after an empty
// line its body; without one the answer must have none. "Name: <none>" is a header
// that the answer must not have. The body is compared as a whole: objects have
// exactly these members, in any order, but for "name?", which may be absent (names
// may have variables in them); in a list that ends with "<more>" the others may
// come in any order and beside others.
// After ">>> STATUS raw" the text is compared byte for byte, and ends with a
// newline unless its last line ends with \.
//
// In what is expected, "<any>" stands for anything (as a whole string: any JSON
// value), "<time>" for a timestamp and "<uuid>" for a UUID. "<any=NAME>" keeps what
// was there as ${NAME}, and "<time NAME+10s>" is the kept timestamp plus so much.
//
// A line "@needs NAME …" before the first step makes the script run only where
// these variables are known.
//
// # Variables
//
//	${URL} ${HOST}           the base URL without a slash at the end, and its host
//	${TOKEN} ${AGENT}        an access token, and the agent it is for
//	${PHONE} ${DIGITS}       a phone that can be reached, with and without its +
//	${USPHONE}               the same, if it is a number of the United States
//	${ADMIN}                 the admin token
//	${PARTNER}               the service account of the partner, who manages brands
//	${WEBHOOK} ${WHTOKEN}    a webhook that answers the handshake, and its token
//	${ID1} … ${ID9}          UUIDs, new for each run of a script
//	${NUM1} … ${NUM9}        long decimal numbers, likewise
//	${PHONE1} … ${PHONE9}    numbers of the range reserved for fiction, likewise
//	${LENGTH}                in a head: how many bytes the body has
//	${ASSERTION name=value}  in a request: a JWT of the service account, with claims
//	                         changed, or of the partner's (key=partner); see [Target]
package conformance
