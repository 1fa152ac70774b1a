package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// input gives the bytes that the argument stands for.
func (c *decodeCmd) input(args []string) ([]byte, error) {
	if len(args) == 0 || args[0] == "-" {
		b, err := io.ReadAll(c.env.stdin)
		if err != nil {
			return nil, &exitError{code: exitMeasured, err: fmt.Errorf("stdin: %w", err)}
		}
		return c.contents(b)
	}
	arg := args[0]
	if c.hex {
		if _, err := os.Stat(arg); err != nil { // with --hex a file may hold the digits, too
			return hexBytes(arg)
		}
	}
	b, err := os.ReadFile(arg)
	switch {
	case err == nil:
		return c.contents(b)
	case c.binary || isFile(arg):
		return nil, &exitError{code: exitMeasured, err: err}
	case !looksLikeHex(arg):
		return nil, usageError("%q is neither a file nor hexadecimal", shorten(arg))
	}
	return hexBytes(arg)
}

// isFile tells whether something of that name exists, readable or not.
func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// contents gives the bytes that a file or stdin holds, by flag or by look. Openings and frames have bytes that no hexadecimal has:
// C1 in the magic, zeros in a header.
func (c *decodeCmd) contents(b []byte) ([]byte, error) {
	if c.binary || !c.hex && !looksLikeHex(string(b)) {
		return b, nil
	}
	return hexBytes(string(b))
}

// hexBytes reads hexadecimal with separators.
func hexBytes(text string) ([]byte, error) {
	digits := hexDigits(text)
	if len(digits)%2 != 0 {
		return nil, usageError("an odd number of hexadecimal digits: %d", len(digits))
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, usageError("not hexadecimal: %v", err)
	}
	return b, nil
}

// hexDigits drops separators, and 0x wherever a number may begin.
func hexDigits(text string) string {
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n:,", r) })
	for i, f := range fields {
		if len(f) > 2 && f[0] == '0' && f[1]|0x20 == 'x' {
			fields[i] = f[2:]
		}
	}
	return strings.Join(fields, "")
}

func looksLikeHex(text string) bool {
	digits := hexDigits(text)
	return digits != "" && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// shorten keeps an error readable when somebody passes a file's contents.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
