package known

import "fmt"

// FileError is a fault of one of the files: exit code 2.
type FileError struct {
	File   string
	Line   int // from 1; 0 where the fault has no place
	Column int // from 1, in bytes; 0 for the whole line
	Text   string
	Err    error // what the file system or the JSON decoder said, or nil
}

// Error gives FILE:LINE:COLUMN and the text.
func (e *FileError) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	if e.Column > 0 {
		text += fmt.Sprintf(":%d", e.Column)
	}
	text += ": " + e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *FileError) Unwrap() error { return e.Err }
