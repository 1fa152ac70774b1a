package explain

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"handfast/codec"
)

// maxText is the most bytes of a text that a value shows.
const maxText = 64

// fixedText writes the value of a whole field of a fixed layout.
func fixedText(prefix string, info codec.FieldInfo, raw []byte) string {
	switch info.Type {
	case "ascii", "utf8":
		return quoted(raw)
	case "bytes":
		return bytesText(raw)
	case "i64":
		return timeText(int64(number(raw)))
	}
	n := number(raw)
	switch info.Name {
	case "type":
		return typeText(codec.Type(n))
	case "flags", "reserved", "checksum":
		return fmt.Sprintf("%0*X", 2*len(raw), n)
	case "kind":
		if prefix == "opening" {
			return kindText(codec.Kind(n))
		}
		proto, message, _ := strings.Cut(prefix, ".")
		if proto != callProto && message != "" { // whoever chose the layout has looked at the kind
			return fmt.Sprintf("%d %s", n, message)
		}
		return fmt.Sprintf("%d %s", n, codec.CallKind(n))
	}
	if text := special(prefix, info.Name, n); text != "" {
		return text
	}
	return strconv.FormatUint(n, 10)
}

// special writes the numbers that stand for something else; "" for all others.
func special(prefix, name string, n uint64) string {
	switch {
	case name == "code":
		return codeText(n)
	case n == math.MaxUint32 && name == "retry_ms":
		return "never"
	case n == math.MaxUint32 && name == "err_us":
		return "unknown"
	case n == math.MaxUint32 && prefix == "DRAIN" && name == "last":
		return "undecided"
	case n == 0 && prefix == "call.REQUEST" && name == "deadline_ms":
		return "0 for ever"
	}
	return ""
}

// number reads up to 8 bytes.
func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func typeText(t codec.Type) string {
	name := "unknown"
	if codec.KnownType(t) {
		name = t.String()
	} else if codec.IsGreaseType(t) {
		name = "grease"
	}
	return fmt.Sprintf("%02X %s", uint8(t), name)
}

func kindText(k codec.Kind) string {
	if _, known := k.Info(); !known {
		return fmt.Sprintf("%d unknown", k)
	}
	return fmt.Sprintf("%d %s", k, k)
}

// codeText writes an error code as the table of chapter 14 of SPEC.md does.
func codeText(n uint64) string {
	if n > math.MaxUint32 {
		return strconv.FormatUint(n, 10)
	}
	name := "unknown, taken as " + codec.Code(n).Class().String()
	if info, known := codec.Code(n).Info(); known {
		name = info.Name
	}
	return fmt.Sprintf("%04X %s", n, name)
}

// timeText writes a wall time in nanoseconds. Only what is plausible (BEAT-016) is also written as a date.
func timeText(ns int64) string {
	text := strconv.FormatInt(ns, 10)
	if t := time.Unix(0, ns).UTC(); t.Year() >= 2020 && t.Year() < 2200 {
		text += " " + t.Format(time.RFC3339Nano)
	}
	return text
}

// bytesText writes bytes as text where they are short and printable, and else says how many they are.
func bytesText(b []byte) string {
	if len(b) <= maxText && printable(b) || string(b) == string(codec.Magic[:]) {
		return quoted(b)
	}
	return strconv.Itoa(len(b)) + " bytes"
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}

// quoted escapes text of a peer, which may attack a terminal (CLOSE-006), and leaves out what is too much.
func quoted(b []byte) string {
	if len(b) <= maxText {
		return strconv.QuoteToASCII(string(b))
	}
	return fmt.Sprintf("%s and %d bytes more", strconv.QuoteToASCII(string(b[:maxText])), len(b)-maxText)
}
