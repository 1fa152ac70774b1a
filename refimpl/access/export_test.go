package access

// Parse reads arguments, and a reply.
func Parse(b []byte) {
	_, _ = parseArgs(b)
	_, _ = parseHead(b)
}
