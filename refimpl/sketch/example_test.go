package sketch_test

import (
	"fmt"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

func Example() {
	salt := [16]byte{1}
	own, _ := sketch.New(salt, 64)
	other, _ := sketch.New(salt, 64)
	own.Add(digest.Item{1})
	other.Add(digest.Item{1})
	other.Add(digest.Item{2})

	d := sketch.NewDecoder(own)
	for at := 0; !d.Done() && at < other.Len(); at++ {
		cells, err := sketch.ParseCells(other.AppendCells(nil, at, 1)) // a message of one cell
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := d.Add(cells); err != nil {
			fmt.Println(err)
			return
		}
	}
	theirs, ours := d.Difference()
	fmt.Println(d.Done(), len(theirs), len(ours), theirs[0] == digest.Item{2})
	// Output: true 1 0 true
}
