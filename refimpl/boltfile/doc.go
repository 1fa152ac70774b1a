// Package boltfile opens files of bbolt that may be damaged.
//
// Bbolt maps its file into memory and follows what stands there: a damaged page makes it panic on a goroutine of its own while it opens the file, read
// beyond the map, or go round in a circle. None of that can be recovered from. So Open looks at all pages before bbolt does, and refuses a file in
// which one of them cannot be followed. It takes one reading of the file; the stores of this module read all of theirs at their start anyway.
//
// What it does not find: other bytes in the place of a key or a value that keep the form of the page. Those are for whoever reads the value. A
// damaged meta page is no error while the other one is whole: that is how bbolt takes back a commit that was cut, and the file is then as it was
// before that commit. A page that is damaged later, under an open file, still ends the process.
package boltfile
