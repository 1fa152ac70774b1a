package codec

// A large message is written from where it lies: head, message, tail. These make the parts around it.

// AppendDataHead appends what stands before the one message of a DATA frame without flags: the header and the message's
// length.
func AppendDataHead(b []byte, stream uint32, msg []byte) []byte {
	b = AppendHeader(b, Header{Type: TypeData, Length: uint32(pieceHeader + len(msg)), Stream: stream})
	return bigEndian.AppendUint32(b, uint32(len(msg)))
}

// AppendDataTail appends the trailer of the frame that begins with head, which AppendDataHead has made, and goes on with
// msg.
func AppendDataTail(b, head, msg []byte) []byte {
	sum := checksum2(head[:offHeaderSum], head[HeaderSize:])
	return bigEndian.AppendUint32(b, trailer(sum, msg))
}
