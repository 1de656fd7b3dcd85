package httpapi

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minGzip is the length in bytes below which packing makes an answer longer.
const minGzip = 150

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // this level exists
	return w
}}

// packed is b in gzip.
func packed(b []byte) []byte {
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// takesGzip says whether r's answer may be packed. It is Google's rule that the
// User-Agent must say gzip too (facts/rbm-api.md §7.3).
func takesGzip(r *http.Request) bool {
	if !strings.Contains(r.UserAgent(), "gzip") {
		return false
	}
	for _, line := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(line, ",") {
			coding, quality, _ := strings.Cut(strings.TrimSpace(item), ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				return !isZeroQuality(quality)
			}
		}
	}
	return false
}

// isZeroQuality says whether a weight is q=0: never (RFC 9110 §12.4.2).
func isZeroQuality(parameter string) bool {
	name, value, _ := strings.Cut(parameter, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return strings.EqualFold(strings.TrimSpace(name), "q") && err == nil && q == 0
}
