package boltfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
)

// ErrDamaged is in every error about damage.
var ErrDamaged = errors.New("boltfile: damaged")

// Error says where a file is damaged.
type Error struct {
	Page   uint64
	Offset int64 // in the file, of the page or of what is wrong in it
	Detail string
}

// Error gives place and detail, for people.
func (e *Error) Error() string {
	return fmt.Sprintf("boltfile: damaged: page %d, offset %d: %s", e.Page, e.Offset, e.Detail)
}

// Unwrap gives ErrDamaged.
func (e *Error) Unwrap() error { return ErrDamaged }

// Open is bbolt.Open for a file that may be damaged. The error is an *Error where it is, else one of bbolt; a lock that another process holds is
// waited for as o says, twice at most. While the pages are looked at the file is locked against writers.
func Open(path string, mode os.FileMode, o bbolt.Options) (*bbolt.DB, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && (info.Size() == 0 || !info.Mode().IsRegular()): // bbolt makes it, or says that it cannot
		return bbolt.Open(path, mode, &o)
	case err != nil:
		return nil, err
	}
	if err := checkLocked(path, mode, o); err != nil {
		return nil, err
	}
	return bbolt.Open(path, mode, &o)
}

// checkLocked looks at the file while bbolt holds its lock for readers. Bbolt itself looks at the meta pages only, when it reads without a freelist: these
// are held to their form before. At any moment one of them is whole, whoever writes.
func checkLocked(path string, mode os.FileMode, o bbolt.Options) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if _, err := readMeta(f); err != nil {
		return err
	}
	o.ReadOnly, o.PreLoadFreelist = true, false
	db, err := bbolt.Open(path, mode, &o)
	if err != nil {
		return err
	}
	return errors.Join(Check(f), db.Close())
}
