package channel

// Wake says that the owner of the queue has added records to it by other means than Push, which is for queues whose records are
// committed together with something else. It does not wait.
func (s *Source) Wake() { s.poke() }
