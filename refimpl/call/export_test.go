package call

import "sync"

// FreshPool forgets what calls keep for the next ones: a channel that was made in a bubble of synctest serves no other.
func FreshPool() { unaries = sync.Pool{New: unaries.New} }
