//go:build race

package codec_test

// everyCut: the race detector makes each cut ten times dearer, and long inputs are cut at some positions only.
const everyCut = false
