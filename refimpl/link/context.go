package link

import "context"

// Context ends when the stream does, with its error as the cause. Work for the stream runs under it (CALL-008).
func (s *Stream) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancelCause(context.Background())
		if s.ended {
			s.cancel(s.err)
		}
	}
	return s.ctx
}

// endContext is called with mu held when the stream has ended. What others began on its behalf must not keep it.
func (s *Stream) endContext() {
	if s.stopWatch != nil {
		s.stopWatch()
		s.stopWatch = nil
	}
	if s.cancel != nil {
		s.cancel(s.err)
	}
}
