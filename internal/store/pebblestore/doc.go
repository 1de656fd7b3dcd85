// Package pebblestore is the store on one machine's disk, on Pebble.
//
// # Group commit
//
// One goroutine, the writer, owns all writing. It takes batches in the order of
// their submission, evaluates the checks of each against the database and the
// batches before it, and gathers them in a group. The group is written to the
// log and to memory without waiting for the disk; a second goroutine, the
// syncer, waits for the disk and then answers every caller of the group, the
// refused ones too: a conflict may rest on a write that is not durable before
// that. Meanwhile the writer builds the next group, so batches that arrive
// while one commit syncs go out together in the next.
//
// Pebble shows a write to readers before it is durable. So Get waits when its
// key was written by a group that is still on its way to the disk, and Scan
// when a key of its range was.
//
// # When the disk fails
//
// What Pebble v2.1 does by itself: when a write or sync of the log fails, the
// waiting commits get the error, the log stays failed, and the next change of
// log file panics in a way that no caller can recover from (a mutex is unlocked
// twice). When the MANIFEST cannot be written, it calls Logger.Fatalf, which by
// default ends the process; corrupt data found in a table does the same. A
// failing flush is tried again at once, for ever.
//
// What this package makes of it: Pebble sees the file system through a disk
// that never hands it the error of a change (see disk).
//   - Out of space, quota or file descriptors: the operation is tried again
//     until it passes. Meanwhile reads work, pending commits answer
//     store.ErrUnknown and new ones store.ErrUnavailable without writing. When
//     there is space again, all goes on without help.
//   - Any other failed write and every failed sync, since what a failed sync
//     left on the disk cannot be known: the DB is down for good. The failing
//     goroutine and every later change of the disk stop where they are. Pending
//     commits answer store.ErrUnknown, every other call store.ErrUnavailable,
//     both with the cause. Close then stops all changes to the directory and unlocks
//     it, leaving the memory and the goroutines of the failed Pebble behind, so
//     that Open may be tried again in the same process. Lasting does that by
//     itself, as soon as the disk takes writes.
//   - During Open, errors are passed on to Pebble, which handles most of them
//     there; Open then fails with the cause.
//
// # Damage
//
// A MANIFEST is checked against its seal (manifest.go), and the newest log for
// places that had been durable (logcheck.go): what is damaged there is refused by
// Open. Pebble alone would drop all that follows, and serve the rest. The end of
// the newest log, its last chunk, has nothing behind it that would tell damage from
// a write that a crash cut short: it is dropped.
//
// A file of bodies whose end is damaged, or that cannot be opened, makes Pebble panic:
// it gets to see another one (bodies.go). A table that it cannot open it would count
// again and again without a pause: it is given one (damage.go).
//
// A damaged block of a table answers store.ErrDamaged to whoever reads it, and the
// rest of the store works. Damage that keeps Pebble from its own work, so that it
// would do nothing else, takes the DB down with ErrCorrupt; Lasting leaves it so.
package pebblestore
