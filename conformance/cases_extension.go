package conformance

// extensionCases are the cases of SPEC.md chapter 18 that stand nowhere else.
func extensionCases() []Case {
	return []Case{
		{
			ID: "extension/frame-types-of-this-link-alone", Req: []string{"EXT-001"}, Level: 8,
			Title: "a peer sends no frame type that is not registered, or whose capability was not selected, beside grease",
			Run:   func(t *T) { t.Open(Options{}).tour() },
		},
		{
			ID: "extension/delivery-offered-by-one-side", Req: []string{"EXT-001"}, Level: 6,
			Title: "no frame of delivery is sent where the dialer alone offers it",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.HandshakeWith(putIn("caps", "delivery", true)(c.HelloPacket()).Harmless())
				onAsleep(c)
				c.Echo()
				onRejected(c)
				c.Barrier()
			},
		},
		welcomed("extension/unknown-limit", "EXT-005", "a limit that nobody knows is ignored, whatever its value is",
			then(putIn("limits", "a_future_limit", 1), putIn("limits", "max_frames", []any{"many"}), putIn("limits", "zz", nil))),
	}
}
