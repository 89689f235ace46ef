// Package pid stands in for one that reads the runtime's internals, which today's Go moved.
package pid

import "sync/atomic"

var next atomic.Uint32

// GetPid spreads callers over slots; which one does not matter.
func GetPid() int { return int(next.Add(1) % 64) }
