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
	own.Add(digest.Item{1, 15: 1})
	other.Add(digest.Item{1, 15: 1})
	other.Add(digest.Item{2, 15: 3})

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
	for _, c := range d.Difference() {
		fmt.Printf("%t %x %x\n", d.Done(), c.Key, c.Delta)
	}
	// Output: true 0200000000000000 0000000000000003
}
