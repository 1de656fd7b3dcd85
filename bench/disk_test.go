package bench

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// diskPhones is how many phones a thousand cards wait for each.
const diskPhones = 200

// varied is a rich card of about 1.2 kB with words of its own.
func varied(rng *rand.Rand) []byte {
	text := make([]string, 60)
	for i := range text {
		text[i] = words[rng.IntN(len(words))]
	}
	return bytes.Replace(card, []byte(strings.Repeat("It left our house this morning. ", 12)), []byte(strings.Join(text, " ")), 1)
}

// BenchmarkDisk is what messages take on disk, beside the log, for each byte of their bodies:
// queued, then delivered and reported to the agent, then when retention has passed.
func BenchmarkDisk(b *testing.B) {
	if testing.Short() {
		b.Skip("fills a store")
	}
	for b.Loop() {
		f := fillStore(b, 0, 1, diskPhones, varied)
		b.Logf("%d MiB of bodies, %d MiB on disk", f.bodies>>20, f.disk>>20)
		b.ReportMetric(float64(f.disk)/float64(f.bodies), "queued-vs-bytes")
		b.ReportMetric(float64(f.bodies)/(diskPhones*drained), "B/body")
		_, log := diskUse(b, f.dir)
		b.ReportMetric(float64(log)/(1<<20), "log-MiB")

		l, hook := startLoad(b, f.dir, 1), newListener(b)
		admin := l.Admin()
		agent := l.Ready.Agents[0].AgentID
		_, err := admin.SetWebhook(b.Context(), agent, client.WebhookConfig{URI: hook.URL, ClientToken: "disk", SkipVerification: true})
		must(b, err)
		for from := 0; from < diskPhones; from += 8 {
			deliver(b, l.Ready.DeviceURL, admin, from, f.dense[from:from+8])
		}
		hook.await(b, diskPhones*drained)
		delivered := settled(b, f.dir, 5)
		b.Logf("delivered: %d MiB on disk", delivered>>20)
		b.ReportMetric(float64(delivered)/float64(f.bodies), "delivered-vs-bytes")

		_, err = admin.AdvanceClock(b.Context(), 61*24*time.Hour)
		must(b, err)
		begin := time.Now()
		forgotten(b, admin, agent, f.last)
		b.Logf("forgotten after %v", time.Since(begin).Round(time.Second))
		retired := settled(b, f.dir, 15)
		b.Logf("retention passed: %d MiB on disk after %v", retired>>20, time.Since(begin).Round(time.Second))
		b.ReportMetric(float64(retired)/float64(f.bodies), "retired-vs-bytes")
		b.ReportMetric(0, "ns/op")
		l.Kill()
	}
}

// forgotten waits until a message is not known any more.
func forgotten(b *testing.B, admin *client.Admin, agent, id string) {
	late := time.Now().Add(5 * time.Minute)
	for {
		_, err := admin.Message(b.Context(), agent, id)
		if rbm.CodeOf(err) == rbm.CodeNotFound {
			return
		}
		must(b, err)
		if time.Now().After(late) {
			b.Fatal("a message is still known after its retention")
		}
		time.Sleep(100 * time.Millisecond)
	}
}
