package main

// cells are the messages of the capability sync.cells.
func cells() []vector {
	asks := func(first, count string) string {
		return `{"kind":"CELLS","first":"` + first + `","count":"` + count + `"}`
	}
	one := "1111111111111111 2222222222222222 3333333333333333"
	const askingOne = `{"kind":"CELLS","flags":"ESTIMATE","first":"0","count":"1"}`
	gives := func(first, cells string) string {
		return `{"kind":"SKETCH","first":"` + first + `","cells":"` + cells + `"}`
	}
	return []vector{
		ok("cells", asked, "the first cells", "0b 00 0000 0020", asks("0", "32")),
		ok("cells-1024", asked, "the most, and the last that there are", "0b 00 fbff 0400", asks("64511", "1024")),
		ok("cells-last", asked, "the last one", "0b 00 fffe 0001", asks("65534", "1")),
		ok("cells-estimate", asked, "the first cell, and how many differ", "0b 01 0000 0001", askingOne),
		other("cells-unknown-flags", asked, "unknown flags are ignored", "0b fe 0000 0020", asks("0", "32")),
		no("cells-estimate-later", "cells-estimate", asked, "one estimate in a session", "0b 01 0001 0001", 1),
		no("cells-none", "cells", asked, "an answer without cells goes on for ever", "0b 00 0000 0000", 2),
		no("cells-1025", "cells-1024", asked, "off by one", "0b 00 0000 0401", 2),
		no("cells-65535", "cells-1024", asked, "1.5 MiB for 6 bytes", "0b 00 0000 ffff", 2),
		no("cells-behind-the-last", "cells-last", asked, "off by one; a sum in 16 bits is 0", "0b 00 ffff 0001", 2),
		no("cells-over-the-end", "cells-last", asked, "a sum in 16 bits is 0", "0b 00 fffe 0002", 2),
		no("cells-of-5-bytes", "cells", asked, "a read behind the message", "0b 00 0000 00", 5),
		no("cells-of-7-bytes", "cells", asked, "a check for the end", "0b 00 0000 0020 00", 6),
		no("cells-to-initiator", "clock-to-initiator", answered, "a responder asks nothing", "0b 00 0000 0020", 0),
		ok("sketch", answered, "one cell", "0c 00 0000 "+one, gives("0", plain(one))),
		ok("sketch-estimate", answered, "the estimate comes first", "0c 01 0000 "+estimate+" "+one,
			`{"kind":"SKETCH","flags":"ESTIMATE","first":"0","estimate":"`+plain(estimate)+`","cells":"`+plain(one)+`"}`),
		other("sketch-unknown-flags", answered, "unknown flags are ignored", "0c fe fffe "+one, gives("65534", plain(one))),
		no("sketch-estimate-later", "sketch-estimate", answered, "it would begin in the middle of a cell", "0c 01 0001 "+estimate+" "+one, 1),
		no("sketch-estimate-cut", "sketch-estimate", answered, "a read behind the message", "0c 01 0000 "+estimate[:len(estimate)-2], 21),
		no("sketch-estimate-alone", "sketch-estimate", answered, "no cells", "0c 01 0000 "+estimate, 2),
		no("sketch-estimate-and-half-a-cell", "sketch-estimate", answered, "a read behind the message", "0c 01 0000 "+estimate+" "+one[:27], 35),
		no("sketch-none", "sketch", answered, "no cells", "0c 00 0000", 2),
		no("sketch-half-a-cell", "sketch", answered, "a read behind the message", "0c 00 0000 "+one+" "+one[:33], 44),
		no("sketch-of-3-bytes", "sketch", answered, "a read behind the message", "0c 00 00", 3),
		no("sketch-behind-the-last", "sketch", answered, "a write behind an array", "0c 00 ffff "+one, 2),
		no("sketch-over-the-end", "sketch", answered, "a sum in 16 bits is 0", "0c 00 fffe "+one+" "+one, 2),
		no("sketch-to-responder", "clock", asked, "an initiator gives none", "0c 00 0000 "+one, 0),
	}
}
