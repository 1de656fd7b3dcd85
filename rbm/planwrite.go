package rbm

import (
	"encoding"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func writeObject(b []byte, v reflect.Value, members []planField) (_ []byte, err error) {
	b = append(b, '{')
	empty := true
	for i := range members {
		m := &members[i]
		f := v.Field(m.index)
		if m.omit(f) {
			continue
		}
		if !empty {
			b = append(b, ',')
		}
		empty = false
		if b, err = m.write(append(b, m.intro...), f); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func writeString(b []byte, v reflect.Value) ([]byte, error) {
	return jsontext.AppendQuote(b, v.String())
}

func writeBool(b []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendBool(b, v.Bool()), nil
}

func writeNumber(b []byte, v reflect.Value) ([]byte, error) {
	if v.CanInt() {
		return strconv.AppendInt(b, v.Int(), 10), nil
	}
	n, err := json.Marshal(v.Float())
	return append(b, n...), err
}

func writeQuotedNumber(b []byte, v reflect.Value) ([]byte, error) {
	return append(strconv.AppendInt(append(b, '"'), v.Int(), 10), '"'), nil
}

// writeText writes a Timestamp or a Duration, which need no escapes.
func writeText(b []byte, v reflect.Value) ([]byte, error) {
	b, err := v.Interface().(encoding.TextAppender).AppendText(append(b, '"'))
	return append(b, '"'), err
}
