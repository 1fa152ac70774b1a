package codec

import "strings"

// Refuse says that an acceptor will not open the link. It is the whole of what it sends (HELLO-021).
type Refuse struct {
	Code     Code
	Need     []string // the capabilities that were missing, with NEED_UNMET (CAP-011), at most 64; nil: the key is absent
	RetryMS  uint32   // ms to wait before trying again, or RetryNever; only where HasRetry is true
	HasRetry bool
	Text     string   // for people, never acted on (CLOSE-005); "": the key is absent
	Vers     []uint16 // every wire version that the acceptor speaks, 1 to 16 (HELLO-019); of another acceptor, whatever it lists (HELLO-030)
}

// AppendOpening appends the whole opening, with ver_min and ver_max from Vers. Text is cut to 256 bytes between characters,
// and U+FFFD takes the place of what a str may not hold. Where the body would be over 1,024 bytes (HELLO-020) it goes without
// Text, and then without the last names of Need: they come from the other side's HELLO, which must not be able to keep a REFUSE
// from being sent. Beyond that it refuses what ParseOpening would refuse, with the same error.
func (r *Refuse) AppendOpening(b []byte) ([]byte, error) {
	text := cutText(strings.ReplaceAll(r.Text, "\x00", replacement), MaxText)
	need := r.Need
	body := r.appendBody(nil, need, text)
	for len(body) > MaxRefuseBody && (text != "" || len(need) > 0) {
		if text != "" {
			text = ""
		} else {
			need = need[:len(need)-1]
		}
		body = r.appendBody(body[:0], need, text)
	}
	return appendChecked(b, r.Vers, KindRefuse, body)
}

// appendBody appends the map, keys ascending (MP-010).
func (r *Refuse) appendBody(b []byte, need []string, text string) []byte {
	b = AppendMapHeader(b, 2+count(need != nil)+count(r.HasRetry)+count(text != ""))
	b = AppendUint(AppendStr(b, "code"), uint64(r.Code))
	if need != nil {
		b = appendStrings(AppendStr(b, "need"), need)
	}
	if r.HasRetry {
		b = AppendUint(AppendStr(b, "retry_ms"), uint64(r.RetryMS))
	}
	if text != "" {
		b = AppendStr(AppendStr(b, "text"), text)
	}
	return appendUint16s(AppendStr(b, "vers"), r.Vers)
}

// parseRefuse reads the body of a REFUSE. Its faults are ENCODING, with HELLO-022 for keys, and HELLO-019 for the number of versions.
// Nobody answers them: a dialer ends the transport after a REFUSE, faulty or not.
//
// What vers lists is not judged beyond that (HELLO-030), and ver_min and ver_max are not held against it: HELLO-014 speaks of HELLO, and a dialer that is turned
// away by a peer of another age gains nothing from quarrelling over it.
func parseRefuse(body []byte) (*Refuse, error) {
	v, err := parseMap(body, OpeningSize, "HELLO-022")
	if err != nil {
		return nil, err
	}
	if err := checkKeys(v, keysRefuse, OpeningSize, "HELLO-022"); err != nil {
		return nil, err
	}
	r := &Refuse{}
	for it := v.Iter(); it.Next(); {
		switch value := it.Value(); string(it.Key()) {
		case "code":
			r.Code = Code(uint32Of(value))
		case "need":
			r.Need = stringsOf(value)
		case "retry_ms":
			r.RetryMS, r.HasRetry = uint32Of(value), true
		case "text":
			r.Text = strOf(value)
		case "vers":
			r.Vers = uint16sOf(value)
		}
	}
	if fault := faultInCount(len(r.Vers)); fault != "" {
		vers, _ := v.Lookup("vers")
		return nil, helloFault("HELLO-019", vers, "vers "+fault)
	}
	return r, nil
}
