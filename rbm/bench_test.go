package rbm

import (
	jsonv1 "encoding/json"
	"testing"
	"time"
)

// cardBody is a rich card of 1.2 kB, as an agent sends it.
const cardBody = `{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL","thumbnailImageAlignment":"RIGHT","cardContent":{"title":"Your parcel is on its way to you","description":"It left our warehouse this morning & will be with you tomorrow between 10:00 and 12:00. Tap below to follow it on the map, to change the day, or to let us know where the driver may leave it.","media":{"height":"TALL","contentInfo":{"fileUrl":"https://media.example.com/parcels/2026/11/van-at-the-door.jpg","thumbnailUrl":"https://media.example.com/parcels/2026/11/van-at-the-door-small.jpg","forceRefresh":false}},"suggestions":[{"action":{"text":"Follow it","postbackData":"track:8f2b7a1c-3c4e","openUrlAction":{"url":"https://parcels.example.com/track/8f2b7a1c-3c4e-4a39-9c41?lang=en"},"fallbackUrl":"https://parcels.example.com/track"}},{"action":{"text":"Call the driver","postbackData":"call:8f2b7a1c-3c4e","dialAction":{"phoneNumber":"+12223334444"}}},{"reply":{"text":"Leave it outside","postbackData":"leave:8f2b7a1c-3c4e"}},{"reply":{"text":"Another day","postbackData":"later:8f2b7a1c-3c4e"}}]}}},"suggestions":[{"reply":{"text":"Stop","postbackData":"stop"}}]},"messageTrafficType":"TRANSACTION","ttl":"86400s"}`

const textBody = `{"contentMessage":{"text":"Your code is 123456","suggestions":[{"reply":{"text":"OK","postbackData":"ok"}}]},"ttl":"600s"}`

var benchNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func benchmark(b *testing.B, body string) {
	data := []byte(body)
	b.Run("rbm", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			m, err := DecodeAgentMessage(data)
			if err != nil {
				b.Fatal(err)
			}
			if err := m.Validate(benchNow); err != nil {
				b.Fatal(err)
			}
			if err := CheckFeatures(m, Features); err != nil {
				b.Fatal(err)
			}
			if _, err := Marshal(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rbm-parts/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = DecodeAgentMessage(data)
		}
	})
	m, _ := DecodeAgentMessage(data)
	b.Run("rbm-parts/validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = m.Validate(benchNow)
		}
	})
	b.Run("rbm-parts/features", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = CheckFeatures(m, Features)
		}
	})
	b.Run("rbm-parts/marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = Marshal(m)
		}
	})
	b.Run("rbm-slow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeSlowly[AgentMessage](data, "agent_message"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json-v1", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			var m AgentMessage
			if err := jsonv1.Unmarshal(data, &m); err != nil {
				b.Fatal(err)
			}
			if _, err := jsonv1.Marshal(&m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCard is parse, validate, check features and serialise of a rich card,
// beside parse and serialise with encoding/json.
func BenchmarkCard(b *testing.B) { benchmark(b, cardBody) }

// BenchmarkText is the same with a short text.
func BenchmarkText(b *testing.B) { benchmark(b, textBody) }
