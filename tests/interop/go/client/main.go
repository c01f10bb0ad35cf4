// An OpAMP agent made of opamp-go's `client` package, driven by a test: commands come as JSON lines on stdin, what the
// server says goes as JSON lines to stdout.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/open-telemetry/opamp-go/client"
	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

type settings struct {
	Url     string
	Token   string
	Uid     string // 32 hex digits
	Labels  map[string]string
	Seconds float64 // the heartbeat interval
	Fails   bool    // every config that it is offered
}

type agent struct {
	settings settings
	client   client.OpAMPClient
	mutex    sync.Mutex
	files    map[string]string
}

func (a *agent) tell(what string, value any) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	text, err := json.Marshal(map[string]any{what: value})
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(text, '\n'))
}

func (a *agent) message(ctx context.Context, message *types.MessageData) {
	if message.AgentIdentification != nil {
		a.tell("uid", hex.EncodeToString(message.AgentIdentification.NewInstanceUid))
	}
	offered := message.RemoteConfig
	if offered == nil {
		return
	}
	files := map[string]string{}
	for name, file := range offered.Config.ConfigMap {
		files[name] = string(file.Body)
	}
	a.tell("config", files)
	status := &protobufs.RemoteConfigStatus{
		LastRemoteConfigHash: offered.ConfigHash,
		Status:               protobufs.RemoteConfigStatuses_RemoteConfigStatuses_APPLIED,
	}
	if a.settings.Fails {
		status.Status = protobufs.RemoteConfigStatuses_RemoteConfigStatuses_FAILED
		status.ErrorMessage = "as the test says"
	} else {
		a.mutex.Lock()
		a.files = files
		a.mutex.Unlock()
	}
	a.client.SetRemoteConfigStatus(status)
	a.client.UpdateEffectiveConfig(ctx)
}

func (a *agent) effective(context.Context) (*protobufs.EffectiveConfig, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	all := map[string]*protobufs.AgentConfigFile{}
	for name, body := range a.files {
		all[name] = &protobufs.AgentConfigFile{Body: []byte(body)}
	}
	return &protobufs.EffectiveConfig{ConfigMap: &protobufs.AgentConfigMap{ConfigMap: all}}, nil
}

func text(key, value string) *protobufs.KeyValue {
	return &protobufs.KeyValue{Key: key, Value: &protobufs.AnyValue{
		Value: &protobufs.AnyValue_StringValue{StringValue: value}}}
}

type silent struct{}

func (silent) Debugf(context.Context, string, ...any) {}
func (silent) Errorf(context.Context, string, ...any) {}

func (a *agent) start() {
	a.client = client.NewHTTP(silent{})
	description := &protobufs.AgentDescription{IdentifyingAttributes: []*protobufs.KeyValue{
		text("service.name", "interop"), text("service.version", "1.0")}}
	for key, value := range a.settings.Labels {
		description.NonIdentifyingAttributes = append(description.NonIdentifyingAttributes, text("label."+key, value))
	}
	must(a.client.SetAgentDescription(description))
	must(a.client.SetHealth(&protobufs.ComponentHealth{Healthy: true}))
	capabilities := protobufs.AgentCapabilities_AgentCapabilities_ReportsStatus |
		protobufs.AgentCapabilities_AgentCapabilities_AcceptsRemoteConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsRemoteConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsEffectiveConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsHealth |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsHeartbeat
	must(a.client.SetCapabilities(&capabilities))
	interval := time.Duration(a.settings.Seconds * float64(time.Second))
	uid, err := hex.DecodeString(a.settings.Uid)
	must(err)
	header := http.Header{}
	if a.settings.Token != "" {
		header.Set("Authorization", "Bearer "+a.settings.Token)
	}
	must(a.client.Start(context.Background(), types.StartSettings{
		OpAMPServerURL: a.settings.Url, Header: header, InstanceUid: types.InstanceUid(uid),
		HeartbeatInterval: &interval, EnableCompression: true,
		Callbacks: types.Callbacks{
			OnConnect: func(context.Context) { a.tell("connected", true) },
			OnConnectFailed: func(_ context.Context, err error) { a.tell("failed", err.Error()) },
			OnError: func(_ context.Context, err *protobufs.ServerErrorResponse) {
				a.tell("error", map[string]string{"type": err.Type.String(), "message": err.ErrorMessage})
			},
			OnMessage:          a.message,
			GetEffectiveConfig: a.effective,
		},
	}))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	a := &agent{}
	must(json.Unmarshal([]byte(os.Args[1]), &a.settings))
	a.start()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); { // until stdin is closed
	}
	must(a.client.Stop(context.Background()))
}
