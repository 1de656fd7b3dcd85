package pebblestore

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The operations of vfs.FS and vfs.File that change the disk, each under the
// rule of disk. Those that only read are the inner file system's own.

func (d *disk) open(what, name string, open func() (vfs.File, error)) (vfs.File, error) {
	f := &file{disk: d, name: name}
	err := d.change(what, name, func() (err error) {
		f.File, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	if isManifest(d.FS, name) {
		return &manifestFile{file: f}, nil
	}
	return f, nil
}

func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open("create", name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

func (d *disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.open("open", name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, c, opts...) })
}

func (d *disk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open("reuse", newname, func() (vfs.File, error) {
		f, err := d.FS.ReuseForWrite(oldname, newname, c)
		if notExist(err) { // an earlier try renamed it and could not open it
			return d.FS.Create(newname, c)
		}
		return f, err
	})
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{File: f, disk: d, name: name}, nil
}

func (d *disk) Link(oldname, newname string) error {
	return d.change("link", newname, func() error { return d.FS.Link(oldname, newname) })
}

func (d *disk) Rename(oldname, newname string) error {
	return d.change("rename", newname, func() error { return d.FS.Rename(oldname, newname) })
}

func (d *disk) MkdirAll(dir string, perm fs.FileMode) error {
	return d.change("make", dir, func() error { return d.FS.MkdirAll(dir, perm) })
}

// Remove and RemoveAll pass errors on: a file too many does no harm.
func (d *disk) Remove(name string) error {
	return d.try(func() error {
		if isManifest(d.FS, name) {
			_ = d.FS.Remove(name + sealSuffix)
		}
		return d.FS.Remove(name)
	})
}

func (d *disk) RemoveAll(name string) error {
	return d.try(func() error { return d.FS.RemoveAll(name) })
}

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Unwrap is for vfs.Root.
func (d *disk) Unwrap() vfs.FS { return d.FS }

// file is a file or directory that was opened for writing.
type file struct {
	vfs.File
	disk *disk
	name string
}

// Write goes on behind what a full disk still took.
func (f *file) Write(p []byte) (n int, err error) {
	err = f.disk.change("write", f.name, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.disk.change("write", f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

// Preallocate passes errors on: it is only advice.
func (f *file) Preallocate(offset, length int64) error {
	return f.disk.try(func() error { return f.File.Preallocate(offset, length) })
}

func (f *file) Sync() error     { return f.disk.sync("sync", f.name, f.File.Sync) }
func (f *file) SyncData() error { return f.disk.sync("sync", f.name, f.File.SyncData) }
func (f *file) Close() error    { return f.disk.sync("close", f.name, f.File.Close) }

func (f *file) SyncTo(length int64) (full bool, err error) {
	err = f.disk.sync("sync", f.name, func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
