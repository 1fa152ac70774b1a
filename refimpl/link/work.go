package link

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Work is work that goes on for a stream.
type Work struct {
	Stream uint32
	Proto  string
	Name   string        // as GoAs was told, or empty
	For    time.Duration // since its beginning
}

// StuckError says that work goes on although its link has ended and Config.WorkTimeout has passed. It cannot be stopped from
// outside: it holds its goroutine, and Link.Done stays open, until it returns.
type StuckError struct{ Work []Work }

// Error names what goes on.
func (e *StuckError) Error() string {
	if len(e.Work) == 0 {
		return "link: the end of the transport takes too long"
	}
	names := make([]string, len(e.Work))
	for i, w := range e.Work {
		names[i] = strings.TrimSpace(fmt.Sprintf("%s %s", w.Proto, w.Name))
	}
	slices.Sort(names)
	return fmt.Sprintf("link: %d handlers ignore the end of their link: %s", len(names), strings.Join(slices.Compact(names), ", "))
}

// running is one piece of work.
type running struct {
	name string
	from int64 // monotonic ns
	s    *Stream
}

// Go runs work for a stream of the other side on a goroutine that the link waits for. The stream's slot is not given back
// before it returns (STRM-010). Work must return when the stream's Context ends.
func (s *Stream) Go(work func()) { s.GoAs("", work) }

// GoAs is Go for work that has a name, by which it is reported if it does not end.
func (s *Stream) GoAs(name string, work func()) {
	s.hold()
	l, r := s.link, &running{name: name, from: s.link.now(), s: s}
	l.workMu.Lock()
	if l.work == nil {
		l.work = make(map[*running]struct{})
	}
	l.work[r] = struct{}{}
	l.workMu.Unlock()
	l.wg.Go(func() {
		defer s.Done()
		defer func() {
			l.workMu.Lock()
			delete(l.work, r)
			l.workMu.Unlock()
		}()
		work()
	})
}

// Work gives what goes on for the other side's streams, the oldest first.
func (l *Link) Work() []Work {
	now := l.now()
	l.workMu.Lock()
	defer l.workMu.Unlock()
	list := make([]Work, 0, len(l.work))
	for r := range l.work {
		list = append(list, Work{Stream: r.s.id, Proto: r.s.proto, Name: r.name, For: time.Duration(now - r.from)})
	}
	slices.SortFunc(list, func(a, b Work) int { return cmp.Or(cmp.Compare(b.For, a.For), cmp.Compare(a.Stream, b.Stream)) })
	return list
}

// await waits until the link has ended, and for what goes on after the end of its transport at most WorkTimeout: a program
// must be able to exit although a handler of its ignores its context.
func (l *Link) await() error {
	select {
	case <-l.done:
		return nil
	case <-l.ending:
	}
	t := time.NewTimer(l.workTimeout)
	defer t.Stop()
	select {
	case <-l.done:
		return nil
	case <-t.C:
	}
	stuck := &StuckError{Work: l.Work()}
	for _, w := range stuck.Work {
		l.log.Error("a handler ignores the end of its link", "proto", w.Proto, "name", w.Name, "stream", w.Stream, "dur_ms", w.For.Milliseconds())
	}
	return stuck
}
