//go:build !race

package codec_test

// everyCut: inputs of any length are cut at every position.
const everyCut = true
