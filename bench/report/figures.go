package main

// figure is one row of the table: what a benchmark measures, and what it should.
type figure struct {
	name            string // in results.json
	benchmark, unit string // where `go test -bench` prints it
	aim             float64
	atMost          bool // the aim is a ceiling; else it is a floor. Without an aim neither
	what            string
}

// met says whether the aim is reached.
func (f figure) met(v float64) bool { return v == f.aim || f.atMost == (v < f.aim) }

// figures is the table, in the order in which it is printed. To add one, let a
// benchmark report it and add its row here.
var figures = []figure{
	{"accept_card_vs_bare", "Accept/card", "vs-bare", 0.33, false, "accept of a 1.2 kB rich card, 256 connections, authenticated, validated, deduplicated, fsynced: of the rate of bare `net/http`"},
	{"accept_text_vs_bare", "Accept/text", "vs-bare", 0.40, false, "accept of a short text, likewise"},
	{"store_vs_rawlog", "Commit", "vs-rawlog", 0.5, false, "commits of 1 kB messages, 256 writers, pebblestore: of the rate of an append-only log with group fsync"},
	{"pgstore_vs_unnest", "AgainstUnnest", "vs-unnest", 0.8, false, "the same on pgstore: of the rate of bare batched `INSERT … unnest` of the same records over as many connections"},
	{"pgstore_5m_vs_10k", "Growth/5000000", "vs-10k", 0.9, false, "commits on pgstore with 5 million messages queued for 100,000 phones: of the rate with 10 thousand, in turn on one server, between checkpoints"},
	{"frame_p50_vs_fsync", "Frame", "p50-vs-fsync", 3, true, "from the start of a send to the frame at an online phone, at half load: median, in times of one fsync of the same disk"},
	{"frame_p99_vs_fsync", "Frame", "p99-vs-fsync", 20, true, "likewise, 99th percentile"},
	{"accept_10m_vs_10k", "Queued/10000000", "accept-vs-10k", 0.9, false, "accept of a short text with 10 million messages queued for 1 million phones: of the rate with 10 thousand for 1 thousand"},
	{"accept_10m_few_vs_10k", "Queued/10000000", "accept-few-vs-10k", 0.9, false, "likewise, but all sends go to 1 thousand of the phones, whose records are in memory"},
	{"drain_10m_vs_empty", "Queued/10000000", "drain-vs-empty", 1.2, true, "1,000 messages of one phone that came between the 10 million, from dialing to the last frame: of the time in a store with nothing else"},
	{"drain_10m_dense_vs_empty", "Queued/10000000", "drain-dense-vs-empty", 1.2, true, "likewise, but they came one after the other"},
	{"restart_10m_s", "Queued/10000000", "restart-s", 2, true, "seconds from the start of the process to its first accept, with the 10 million queued; the worse of a clean stop and of kill -9 under load; the files are in the page cache"},
	{"rss_10m_mib", "Queued/10000000", "peak-rss-MiB", 1024, true, "MiB resident at the peak of the process, likewise"},
	{"idle_phone_kib", "IdlePhones", "KiB", 8, true, "KiB of resident memory of an idle connected phone among 50,000, or as many as a process may have open files"},
	{"idle_reconnect_s", "IdlePhones", "reconnect-s", 30, true, "seconds until all of them are back after the server was stopped and started again, messages under way each coming once"},
	{"idle_reconnect_killed_s", "IdlePhones", "reconnect-killed-s", 30, true, "likewise after kill -9"},
	{"disk_vs_bytes", "Queued/10000000", "disk-vs-bytes", 1.5, true, "bytes on disk, beside the log, for each byte of the JSON bodies: the 10 million queued (60 to 200 bytes each)"},
	{"disk_1k_vs_bytes", "Disk", "queued-vs-bytes", 1.5, true, "likewise, 200,000 cards of 1.1 kB"},
	{"disk_log_mib", "Disk", "log-MiB", 0, true, "MiB of the write-ahead log: files of one size that are used again"},
	{"disk_delivered_vs_bytes", "Disk", "delivered-vs-bytes", 0, true, "of the cards, once they are delivered and the agent has been told"},
	{"disk_retired_vs_bytes", "Disk", "retired-vs-bytes", 0.05, true, "of the cards, when retention has passed as well"},

	{"webhook_vs_bare", "Webhook", "vs-bare", 0, false, "webhook events to a local listener, signed, retired from the outbox: of a bare loop that posts the same bytes, 16 at a time"},
	{"webhook_events_s", "Webhook", "events/s", 0, false, "likewise, events a second"},
	{"deliver_messages_s", "Deliver", "messages/s", 0, false, "messages a second from their mailboxes to 64 phones over WebSocket, each acknowledged, its receipt durable"},

	{"bare_card_us", "Stage/bare/card", "ns/op", 0, true, "µs of bare `net/http`, card, without network"},
	{"parse_card_us", "Stage/parse/card", "ns/op", 0, true, "µs to parse the card"},
	{"validate_card_us", "Stage/validate/card", "ns/op", 0, true, "µs to validate it"},
	{"encode_card_us", "Stage/encode/card", "ns/op", 0, true, "µs to encode it"},
	{"auth_us", "Stage/auth", "ns/op", 0, true, "µs to authenticate a token seen before"},
	{"commit_card_us", "Stage/commit/card", "ns/op", 0, true, "µs a card for the engine, the ledger and the store, 256 at a time, durable"},
	{"handler_card_us", "Stage/handler/card", "ns/op", 0, true, "µs a card for the whole handler, 256 at a time, durable, without network"},
	{"parse_text_us", "Stage/parse/text", "ns/op", 0, true, "µs to parse the text"},
	{"validate_text_us", "Stage/validate/text", "ns/op", 0, true, "µs to validate it"},
	{"encode_text_us", "Stage/encode/text", "ns/op", 0, true, "µs to encode it"},
	{"commit_text_us", "Stage/commit/text", "ns/op", 0, true, "µs a text for the engine, the ledger and the store, likewise"},
	{"handler_text_us", "Stage/handler/text", "ns/op", 0, true, "µs a text for the whole handler, likewise"},
}
