package rbm

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzAppendPretty: what is valid is laid out as the JSON package lays it out.
func FuzzAppendPretty(f *testing.F) {
	for _, row := range wireBodies {
		f.Add([]byte(row.body))
	}
	for _, body := range []string{`{}`, `[]`, `""`, `1`, `null`, `{"a":{},"b":[],"c":[{}],"d":[[1,2],[]]}`, `{"a\"{[":"]},:\\"}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		compact, err := jsontext.AppendFormat(nil, body, jsontext.PreserveRawStrings(true))
		if err != nil {
			_ = AppendPretty(nil, body) // must not panic
			return
		}
		want, err := jsontext.AppendFormat(nil, compact, jsontext.WithIndent("  "), jsontext.PreserveRawStrings(true))
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendPretty(nil, compact); string(got) != string(want)+"\n" {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}
