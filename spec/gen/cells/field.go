package main

import "fmt"

// product multiplies as the page says: bit by bit, and then x^64 and above replaced from the top.
func product(a, b uint64) uint64 {
	var bits [128]bool // of the product without carry
	for i := range 64 {
		for j := range 64 {
			if a>>i&1 == 1 && b>>j&1 == 1 {
				bits[i+j] = !bits[i+j]
			}
		}
	}
	for n := 127; n >= 64; n-- {
		if !bits[n] {
			continue
		}
		for _, at := range []int{n, n - 60, n - 61, n - 63, n - 64} {
			bits[at] = !bits[at]
		}
	}
	var low uint64
	for n := range 64 {
		if bits[n] {
			low |= 1 << n
		}
	}
	return low
}

// inverse gives a^(2^64-2).
func inverse(a uint64) uint64 {
	result := uint64(1)
	for bit := 63; bit >= 0; bit-- {
		result = product(result, result)
		if bit > 0 {
			result = product(result, a)
		}
	}
	return result
}

// multiplied is two numbers with their product.
type multiplied struct {
	ID      string `json:"id"`
	A       string `json:"a"`
	B       string `json:"b"`
	Product string `json:"product"`
}

func hex16(n uint64) string { return fmt.Sprintf("%016x", n) }

// Key hash and state hash of the example of objects.md.
const (
	exampleKey   = 0x4babc122ebc054f8
	exampleState = 0x3b246ee3b09eb5fa
)

func products() (all []multiplied) {
	for _, p := range []struct {
		name string
		a, b uint64
	}{
		{"nothing", 0, 1<<64 - 1}, {"one", 1, exampleKey}, {"x", 2, 1<<63 | 1}, {"small", 0x57, 0x83}, {"top", 1 << 63, 1 << 63},
		{"ones", 1<<64 - 1, 1<<64 - 1}, {"second-carry", 0xf << 60, 0xf << 60}, {"example", exampleKey, exampleState},
		{"example-again", exampleKey, product(exampleKey, exampleState)}, {"square", exampleKey, exampleKey},
	} {
		all = append(all, multiplied{"product/" + p.name, hex16(p.a), hex16(p.b), hex16(product(p.a, p.b))})
	}
	return all
}

// inverted is a number with the one by which it gives 1.
type inverted struct {
	ID      string `json:"id"`
	A       string `json:"a"`
	Inverse string `json:"inverse"`
}

func inverses() (all []inverted) {
	for _, p := range []struct {
		name string
		a    uint64
	}{
		{"one", 1}, {"x", 2}, {"three", 3}, {"top", 1 << 63}, {"ones", 1<<64 - 1}, {"example", exampleState},
	} {
		all = append(all, inverted{"inverse/" + p.name, hex16(p.a), hex16(inverse(p.a))})
	}
	return all
}
