package driver

import (
	"bufio"
	"errors"
	"io"
)

// errTooLong says that a line is longer than its bound.
var errTooLong = errors.New("driver: the line is too long")

// lines reads lines of bounded length.
type lines struct {
	r    *bufio.Reader
	most int
	long []byte // of a line that does not fit into the buffer of r
}

func newLines(r io.Reader, most int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), most: most}
}

// next gives the next line without its LF and a CR before it; it is valid until the next call. The last line need not end with LF. What follows an
// error is undefined.
func (l *lines) next() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		switch {
		case len(l.long)+len(part) > l.most+1:
			return nil, errTooLong
		case errors.Is(err, bufio.ErrBufferFull):
			l.long = append(l.long, part...)
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(l.long)+len(part) == 0):
			return nil, err
		case len(l.long) == 0:
			return trimmed(part), nil
		}
		l.long = append(l.long, part...)
		return trimmed(l.long), nil
	}
}

func trimmed(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
