package registry

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/openrbm/openrbm/rbm"
)

// The record of a phone is some 80 bytes where JSON took 290: there are millions
// of them, and each send reads one.

// storedFeatures are the features that a record names by a bit. They are stored:
// never remove or move one, add at the end. Others are named by their names.
var storedFeatures = [...]rbm.Feature{
	rbm.FeatureRichCardStandalone, rbm.FeatureRichCardCarousel, rbm.FeatureActionCreateCalendarEvent, rbm.FeatureActionDial,
	rbm.FeatureActionOpenURL, rbm.FeatureActionShareLocation, rbm.FeatureActionViewLocation, rbm.FeatureActionOpenURLInWebview,
	rbm.FeaturePDFInRichCards, rbm.FeatureActionCompose, rbm.FeatureRevocation,
}

// The bits of a record's first byte.
const (
	bitRCS = 1 << iota
	bitUS
)

// AppendBinary implements encoding.BinaryAppender.
func (p *Phone) AppendBinary(b []byte) ([]byte, error) {
	var bits byte
	if p.RCSEnabled {
		bits |= bitRCS
	}
	if p.US {
		bits |= bitUS
	}
	b = append(b, bits)
	mask, others := featureMask(p.Features)
	b = binary.AppendUvarint(b, mask)
	b = binary.AppendUvarint(b, uint64(len(others)))
	for _, f := range others {
		b = appendString(b, string(f))
	}
	b = appendString(appendString(b, p.Number), p.Carrier)
	b = binary.BigEndian.AppendUint64(b, uint64(p.LastSeen.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.CreateTime.UnixNano()))
	return append(b, p.TokenHash...), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// featureMask is the features that have a bit, if they are in the order of the
// bits; otherwise all are others, which keep their order.
func featureMask(list []rbm.Feature) (mask uint64, others []rbm.Feature) {
	last := -1
	for _, f := range list {
		bit := slices.Index(storedFeatures[:], f)
		if bit <= last {
			return 0, list
		}
		mask |= 1 << bit
		last = bit
	}
	return mask, nil
}

var errPhoneRecord = errors.New("the record of a phone is cut short")

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (p *Phone) UnmarshalBinary(b []byte) error {
	r := recordReader{b: b}
	bits := r.take(1)
	mask, names := r.uint(), r.uint()
	var others []rbm.Feature
	for range min(names, maxFeatures+1) {
		others = append(others, rbm.Feature(r.string()))
	}
	*p = Phone{Number: r.string(), Carrier: unique.Make(r.string()).Value(), LastSeen: r.time(), CreateTime: r.time()}
	if r.failed || names > maxFeatures || mask>>len(storedFeatures) != 0 {
		return errPhoneRecord
	}
	p.RCSEnabled, p.US = bits[0]&bitRCS != 0, bits[0]&bitUS != 0
	p.Features, p.TokenHash = others, slices.Clone(r.b)
	if mask != 0 {
		p.Features = featuresOf(mask)
	}
	return nil
}

var featureLists sync.Map // mask → []rbm.Feature, which nobody changes

func featuresOf(mask uint64) []rbm.Feature {
	if list, ok := featureLists.Load(mask); ok {
		return list.([]rbm.Feature)
	}
	var list []rbm.Feature
	for bit, f := range storedFeatures {
		if mask&(1<<bit) != 0 {
			list = append(list, f)
		}
	}
	featureLists.Store(mask, slices.Clip(list))
	return list
}

// recordReader takes a record apart; the first fault stops it.
type recordReader struct {
	b      []byte
	failed bool
}

func (r *recordReader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.b)) {
		r.failed = true
		return make([]byte, min(n, 8))
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *recordReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.failed = r.failed || n <= 0
	r.b = r.b[max(n, 0):]
	return v
}

func (r *recordReader) string() string { return string(r.take(r.uint())) }

func (r *recordReader) time() time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(r.take(8)))).UTC()
}
