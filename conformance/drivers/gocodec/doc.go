// Package gocodec puts package codec under the driver protocol (conformance/DRIVER.md): a driver of the role codec, and its answers without any line in
// between, for those who compare another parser with it.
//
//	a := gocodec.Decode(gocodec.Item{What: "frame", MaxFrame: testdata.DefaultMaxFrame, Bytes: b})
//
// It is pure, as package codec is, and knows nothing of links.
package gocodec
