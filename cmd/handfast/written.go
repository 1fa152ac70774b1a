package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"handfast/conformance/known"
)

// writable reports the first of files that could not be written, before a run of minutes whose report would be lost. "" is nowhere, - is stdout.
func writable(files ...string) error {
	for _, name := range files {
		if name == "" || name == "-" {
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err == nil && info.IsDir():
			err = syscall.EISDIR
		case err == nil && !info.Mode().IsRegular(): // to open a pipe waits for its reader
		default:
			err = takesFiles(filepath.Dir(name))
		}
		if err != nil {
			return notWritten(name, err)
		}
	}
	return nil
}

// writableFolder is writable for a folder, which need not be there yet, and does not make it.
func writableFolder(name string) error {
	if name == "" {
		return nil
	}
	dir := filepath.Clean(name)
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := takesFiles(dir); err != nil {
		return notWritten(name, err)
	}
	return nil
}

// takesFiles reports why no file can be made in a folder.
func takesFiles(dir string) error {
	f, err := os.CreateTemp(dir, ".handfast.*")
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err // the name of the attempt says nothing
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// write writes something to a file, - being stdout; "" is none. A regular file is replaced as a whole or stays as it was.
func (e env) write(name string, what func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		if err := what(e.stdout); err != nil {
			return notWritten("stdout", err)
		}
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a pipe or a device is written as it is
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return notWritten(name, err)
		}
		if err := errors.Join(what(f), f.Close()); err != nil {
			return notWritten(name, err)
		}
		return nil
	}
	if err := known.Replace(name, what); err != nil {
		return notWritten(name, err)
	}
	return nil
}

// notWritten makes the error of something that could not be written: 2 where the name is wrong, else 3. It is never green.
func notWritten(name string, err error) error {
	code := exitMeasured
	for _, wrong := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR} {
		if errors.Is(err, wrong) {
			code = exitUsage
		}
	}
	if _, ok := errors.AsType[*known.FileError](err); !ok {
		err = fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return &exitError{code: code, err: err}
}
