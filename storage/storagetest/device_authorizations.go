package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// deviceAuthorization stores a request of a device of a client, good for ten minutes.
func (s *suite) deviceAuthorization(t *testing.T, clientID string) *storage.DeviceAuthorization {
	t.Helper()
	d := storage.DeviceAuthorization{
		ID: storage.Hash(s.store.NewID()), UserCode: storage.Hash(s.store.NewID()), ClientID: clientID,
		Parameters: "scope=openid", Address: "192.0.2.7", CreatedAt: s.store.Now(),
		ExpiresAt: s.store.Now().Add(10 * time.Minute), Interval: 5 * time.Second,
	}
	require.NoError(t, s.beginDevice(t, d))
	return &d
}

func (s *suite) beginDevice(t *testing.T, d storage.DeviceAuthorization) error {
	batch := s.store.NewBatch()
	batch.BeginDeviceAuthorization(d)
	return batch.Flush(t.Context())
}

// answerDevice approves or denies a request of a device.
func (s *suite) answerDevice(t *testing.T, id []byte, approve bool) error {
	batch := s.store.NewBatch()
	if approve {
		batch.ApproveDeviceAuthorization(id)
	} else {
		batch.DenyDeviceAuthorization(id)
	}
	return batch.Flush(t.Context())
}

func (s *suite) deviceFinder(t *testing.T) func(id []byte) *storage.DeviceAuthorization {
	return func(id []byte) *storage.DeviceAuthorization {
		found, err := s.store.FindDeviceAuthorization(t.Context(), id)
		require.NoError(t, err)
		return found
	}
}

func deviceAuthorizations(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	find := s.deviceFinder(t)
	t.Run("A request is read as it was stored, by either code", func(t *testing.T) {
		want := s.deviceAuthorization(t, client.ID)
		require.Equal(t, want, find(want.ID))
		byUserCode, err := s.store.FindDeviceAuthorizationByUserCode(ctx, want.UserCode)
		require.NoError(t, err)
		require.Equal(t, want, byUserCode)
		require.NoError(t, s.beginDevice(t, *want), "and may be sent again")
		_, err = s.store.FindDeviceAuthorization(ctx, storage.Hash("another"))
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.FindDeviceAuthorizationByUserCode(ctx, want.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("No two requests have one user code", func(t *testing.T) {
		first := s.deviceAuthorization(t, client.ID)
		second := *first
		second.ID, second.ClientID = storage.Hash(s.store.NewID()), "another"
		require.ErrorIs(t, s.beginDevice(t, second), storage.ErrUsed)
		require.Equal(t, client.ID, find(first.ID).ClientID)
		require.Zero(t, s.count(t, "device_authorizations", "client_id = $1", "another"))
	})
	t.Run("A proof that was used before stores no request", func(t *testing.T) {
		for n, want := range []error{nil, storage.ErrReplayed} {
			d := storage.DeviceAuthorization{
				ID: storage.Hash(s.store.NewID()), UserCode: storage.Hash(s.store.NewID()), ClientID: "proved",
				CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(time.Minute), Interval: 5 * time.Second,
			}
			batch := s.store.NewBatch()
			batch.UseJTI("dpop", "a key", "a proof", s.store.Now().Add(time.Minute))
			batch.BeginDeviceAuthorization(d)
			require.ErrorIs(t, batch.Flush(ctx), want, n)
		}
		require.Equal(t, 1, s.count(t, "device_authorizations", "client_id = $1", "proved"))
	})
}

// answersToDevices are the cases of the answer of a person.
func answersToDevices(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	find := s.deviceFinder(t)
	t.Run("A request is answered once, and a batch that is sent twice answers it once", func(t *testing.T) {
		for _, approve := range []bool{true, false} {
			d := s.deviceAuthorization(t, client.ID)
			batch := s.store.NewBatch()
			if approve {
				batch.ApproveDeviceAuthorization(d.ID)
			} else {
				batch.DenyDeviceAuthorization(d.ID)
			}
			require.True(t, find(d.ID).IsOpen(s.store.Now()))
			require.NoError(t, batch.Flush(ctx))
			require.NoError(t, batch.Flush(ctx))
			require.ErrorIs(t, s.answerDevice(t, d.ID, true), storage.ErrUsed)
			require.ErrorIs(t, s.answerDevice(t, d.ID, false), storage.ErrUsed)
			found := find(d.ID)
			require.False(t, found.IsOpen(s.store.Now()))
			require.Equal(t, approve, found.ApprovedAt.Equal(s.store.Now()))
			require.Equal(t, !approve, found.DeniedAt.Equal(s.store.Now()))
		}
	})
	t.Run("An answer that is too late, or to nothing, lets nothing be written", func(t *testing.T) {
		u, d := User(t, s.store), s.deviceAuthorization(t, client.ID)
		s.clock.Advance(10 * time.Minute)
		for _, id := range [][]byte{d.ID, storage.Hash("no row")} {
			batch, grantID := s.store.NewBatch(), s.store.NewID()
			batch.ApproveDeviceAuthorization(id)
			batch.QueueCode(storage.Code{
				ID: id, CodeID: s.store.NewID(), GrantID: grantID, ClientID: client.ID, UserID: u.ID,
				Session:   &storage.Session{UserID: u.ID, Subject: u.ID},
				CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(time.Minute),
			})
			require.ErrorIs(t, batch.Flush(ctx), storage.ErrUsed)
			require.Zero(t, s.count(t, "codes", "grant_id = $1", grantID))
		}
	})
	t.Run("Of two polls at once one is remembered, and none after the answer", func(t *testing.T) {
		d := s.deviceAuthorization(t, client.ID)
		first, err := s.store.RecordDevicePoll(ctx, d, d.Interval)
		require.NoError(t, err)
		require.True(t, first)
		second, err := s.store.RecordDevicePoll(ctx, d, d.Interval)
		require.NoError(t, err)
		require.False(t, second)
		polled := find(d.ID)
		require.Equal(t, s.store.Now(), polled.PolledAt)
		longer, err := s.store.RecordDevicePoll(ctx, polled, 10*time.Second)
		require.NoError(t, err)
		require.True(t, longer)
		polled = find(d.ID)
		require.Equal(t, 10*time.Second, polled.Interval)
		require.NoError(t, s.answerDevice(t, d.ID, true))
		late, err := s.store.RecordDevicePoll(ctx, polled, 15*time.Second)
		require.NoError(t, err)
		require.False(t, late)
	})
	t.Run("A request stays for an hour past its expiry", func(t *testing.T) {
		d := s.deviceAuthorization(t, client.ID)
		left := func() int {
			_, err := s.store.Sweep(ctx, storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
			require.NoError(t, err)
			return s.count(t, "device_authorizations", "id = $1", d.ID)
		}
		s.clock.Advance(69 * time.Minute)
		require.Equal(t, 1, left())
		s.clock.Advance(2 * time.Minute)
		require.Zero(t, left())
	})
}
