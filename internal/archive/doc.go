// Package archive is the portable form of all that a platform keeps: a stream of
// the store's records and of the contents of files. It does not depend on the
// store it came from, so a backup of one is restored into another.
//
// # The stream, version 1
//
// The line "openrbm archive 1\n", then frames. A frame is
//
//	type     1 byte
//	length   4 bytes, big-endian, of the body
//	body
//	checksum 4 bytes, big-endian: CRC-32C of type, length and body
//
// and its type one of
//
//	h  the header, first and once: JSON, see Header
//	r  records, in ascending order of their keys throughout the stream; each is key
//	   and value, both preceded by their length as an unsigned varint
//	c  the content of a file begins: its SHA-256, 32 bytes
//	d  a part of that content
//	f  the content is complete; no body
//	g  the content ends here and is of no use: it could not be read, or is not what
//	   its SHA-256 says; no body
//	e  the end, last and once: JSON, see Totals
//
// All contents follow all records. A stream without its end, or with anything
// behind it, is damaged. The checksums find damage; they are no protection
// against someone who changes the stream on purpose.
package archive
