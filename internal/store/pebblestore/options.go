package pebblestore

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// format is the version of the files. Raising it is an upgrade without a way
// back, to be said in the changelog. This one commits log records to what was
// synced before them, so that a damaged log is told from a torn one.
const format = pebble.FormatValueSeparation

// Memory: what the cache holds, and the tables that take writes until they are
// flushed. The tables begin small and grow under load; a large one absorbs the
// short life of most records before it costs compaction.
const (
	defaultCache = 32 << 20
	memTable     = 32 << 20
	memTables    = 3 // one that fills, one that is flushed, one in reserve; then writes stall
)

// pebbleOptions are Pebble's, for small records, many of which are soon
// deleted, on a machine that has other things to do with its memory.
func pebbleOptions(d *disk, cacheBytes int64) *pebble.Options {
	if cacheBytes == 0 {
		cacheBytes = defaultCache
	}
	o := &pebble.Options{
		FS:                 d,
		FormatMajorVersion: format,
		Logger:             logger{d},
		EventListener:      listener(d),

		// A new MANIFEST as soon as half of it is about tables that are gone: see Compact.
		MaxManifestFileSize: 1,

		// Pebble takes the memory of the tables out of the cache; what is left
		// must hold the bloom filters, or each check reads them from the disk.
		CacheSize:                   cacheBytes + memTables*memTable,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: memTables,
		// Records that move less often cost less: with Pebble's 4 and 64 MiB a commit
		// takes a seventh more CPU, and the filters keep reads as quick.
		L0CompactionThreshold:      8,
		LBaseMaxBytes:              256 << 20,
		L0StopWritesThreshold:      32, // runs to merge in a read; Pebble's 12 stalls writes at short peaks
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 2 },
	}
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		p := separation()
		p.Enabled = !d.gathering.Load() // it is asked before each compaction
		return p
	}
	for i := range o.Levels {
		l := &o.Levels[i]
		l.BlockSize = 16 << 10
		l.IndexBlockSize = 64 << 10
		l.FilterPolicy = bloom.FilterPolicy(10)
	}
	// The fast compression on every level: zstd on the lowest ones, where Pebble
	// would have it, costs a sixth of the CPU of a commit.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// separation keeps bodies of messages in files of their own, in the order of
// their arrival: compactions move the small rows that point at them and leave
// them where they are. It takes a quarter off the bytes written for each byte stored.
func separation() pebble.ValueSeparationPolicy {
	return pebble.ValueSeparationPolicy{
		Enabled: true, MinimumSize: 200, MaxBlobReferenceDepth: 10,
		RewriteMinimumAge: time.Minute, TargetGarbageRatio: 0.2,
	}
}

// listener turns events that someone should know of into log lines, and those
// that Pebble would end the process for into a failure of the disk.
func listener(d *disk) *pebble.EventListener {
	damage := &damage{disk: d}
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			d.background(err)
			if !damage.counting() {
				damage.tidyingFailed(err, time.Now())
			}
		},
		DataCorruption:  damage.found,
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) { d.log.Warn("pebble: writes stall", "reason", i.Reason) },
		WriteStallEnd:   func() { d.log.Warn("pebble: writes go on") },
	}
}

// logger is Pebble's log; what is fatal to Pebble fails the disk.
type logger struct{ disk *disk }

func (l logger) Infof(format string, args ...any) { l.print(slog.LevelDebug, format, args) }

func (l logger) Errorf(format string, args ...any) { l.print(slog.LevelError, format, args) }

func (l logger) Fatalf(format string, args ...any) {
	l.disk.fail(fmt.Errorf(format, args...))
}

func (l logger) print(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if l.disk.log.Enabled(ctx, level) {
		l.disk.log.Log(ctx, level, "pebble: "+fmt.Sprintf(format, args...))
	}
}
