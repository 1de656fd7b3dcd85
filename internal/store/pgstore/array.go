package pgstore

import "encoding/binary"

// byteaOID and arrayOID are PostgreSQL's numbers of the types bytea and bytea[].
const (
	byteaOID = 17
	arrayOID = 1001
)

// array is a bytea[] in PostgreSQL's binary form: dimensions, whether there are
// nulls, the type of the elements, their number, the index of the first; then
// each with its length before it.
type array struct{ b []byte }

const (
	arrayHeader = 20
	arrayCount  = 12 // where in the header the number of elements is
)

func appendElement[T ~string | ~[]byte](a *array, v T) {
	if a.b == nil {
		a.b = make([]byte, arrayHeader, 4<<10)
		binary.BigEndian.PutUint32(a.b, 1)
		binary.BigEndian.PutUint32(a.b[8:], byteaOID)
		binary.BigEndian.PutUint32(a.b[16:], 1)
	}
	count := a.b[arrayCount:]
	binary.BigEndian.PutUint32(count, binary.BigEndian.Uint32(count)+1)
	a.b = binary.BigEndian.AppendUint32(a.b, uint32(len(v)))
	a.b = append(a.b, v...)
}
