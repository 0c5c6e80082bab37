// SPDX-License-Identifier: Apache-2.0
#include "GengineAvatarComponent.h"
#include "GengineLiveLinkSource.h"
#include "Components/AudioComponent.h"
#include "Dom/JsonObject.h"
#include "Features/IModularFeatures.h"
#include "IWebSocket.h"
#include "Modules/ModuleManager.h"
#include "Serialization/JsonReader.h"
#include "Serialization/JsonSerializer.h"
#include "Serialization/JsonWriter.h"
#include "Sound/SoundWaveProcedural.h"
#include "WebSocketsModule.h"

namespace
{
constexpr int32 Rate = 16000;          // Hz of all sound that is sent
constexpr int32 LongestSound = 16000;  // samples of a message
constexpr float FirstPause = 0.25f, LongestPause = 8;  // seconds between two tries
constexpr float Buffered = 0.1f;       // seconds of sound that are handed to the mixer ahead

TSharedRef<FJsonObject> Message(const TCHAR* Type)
{
	TSharedRef<FJsonObject> Out = MakeShared<FJsonObject>();
	Out->SetStringField(TEXT("type"), Type);
	return Out;
}
}

UGengineAvatarComponent::UGengineAvatarComponent() : Sound(Rate)
{
	PrimaryComponentTick.bCanEverTick = true;
}

void UGengineAvatarComponent::BeginPlay()
{
	Super::BeginPlay();
	Wave = NewObject<USoundWaveProcedural>(this);
	Wave->SetSampleRate(Rate);
	Wave->NumChannels = 1;
	Wave->Duration = INDEFINITELY_LOOPING_DURATION;
	Player = NewObject<UAudioComponent>(GetOwner());
	Player->RegisterComponent();
	Player->SetSound(Wave);
	Player->Play();
	Source = MakeShared<FGengineLiveLinkSource>(Subject);
	IModularFeatures& Features = IModularFeatures::Get();
	if (Features.IsModularFeatureAvailable(ILiveLinkClient::ModularFeatureName))
		Features.GetModularFeature<ILiveLinkClient>(ILiveLinkClient::ModularFeatureName).AddSource(Source);
	Pause = FirstPause;
	Connect();
}

void UGengineAvatarComponent::EndPlay(const EEndPlayReason::Type Reason)
{
	bFatal = true;
	if (Socket) Socket->Close();
	if (Source) Source->RequestSourceShutdown();
	Super::EndPlay(Reason);
}

void UGengineAvatarComponent::Connect()
{
	bOpen = false;
	Whole.Reset();
	Socket = FModuleManager::LoadModuleChecked<FWebSocketsModule>(TEXT("WebSockets")).CreateWebSocket(Address);
	Socket->OnMessage().AddUObject(this, &UGengineAvatarComponent::Hear);
	Socket->OnRawMessage().AddUObject(this, &UGengineAvatarComponent::Take);
	const auto Lost = [this]
	{
		if (bFatal || Wait > 0) return;
		bOpen = false;
		Wait = Pause;
		Pause = FMath::Min(2 * Pause, LongestPause);
	};
	Socket->OnConnectionError().AddWeakLambda(this, [Lost](const FString&) { Lost(); });
	Socket->OnClosed().AddWeakLambda(this, [Lost](int32, const FString&, bool) { Lost(); });
	Socket->OnConnected().AddWeakLambda(this, [this]
	{
		TSharedRef<FJsonObject> First = Message(Session.IsEmpty() ? TEXT("hello") : TEXT("resume"));
		First->SetNumberField(TEXT("v"), gengine::kVersion);
		if (!Token.IsEmpty()) First->SetStringField(TEXT("token"), Token);
		if (Session.IsEmpty())
		{
			TSharedRef<FJsonObject> Audio = MakeShared<FJsonObject>();
			Audio->SetNumberField(TEXT("rate"), Rate);
			First->SetObjectField(TEXT("audio"), Audio);
			First->SetStringField(TEXT("source"), bMicrophone ? TEXT("microphone") : TEXT("speech"));
			First->SetStringField(TEXT("emotion"), Emotion);
			First->SetStringField(TEXT("skeleton"), TEXT("ue5"));
			First->SetNumberField(TEXT("calm"), Calm);
		}
		else
		{
			First->SetStringField(TEXT("session"), Session);
			First->SetNumberField(TEXT("last_seq"), double(LastSequence));
		}
		Tell(First);
	});
	Socket->Connect();
}

bool UGengineAvatarComponent::Tell(const TSharedRef<FJsonObject>& Said)
{
	if (!Socket || !Socket->IsConnected()) return false;
	FString Text;
	FJsonSerializer::Serialize(Said, TJsonWriterFactory<>::Create(&Text));
	Socket->Send(Text);
	return true;
}

void UGengineAvatarComponent::Hear(const FString& Text)
{
	TSharedPtr<FJsonObject> Told;
	if (!FJsonSerializer::Deserialize(TJsonReaderFactory<>::Create(Text), Told) || !Told) return;
	const FString Type = Told->GetStringField(TEXT("type"));
	if (Type == TEXT("welcome"))
	{
		const FString Name = Told->GetStringField(TEXT("session"));
		if (!Told->GetBoolField(TEXT("resumed"))) LastSequence = -1;
		if (Name != Session)
		{
			Face = Body = gengine::Track();
			Sound.Reset();
		}
		Session = Name;
		Sample = uint32(Told->GetNumberField(TEXT("sample")));
		Pause = FirstPause;
		bOpen = true;
		const TSharedPtr<FJsonObject> Names = Told->GetObjectField(TEXT("names"));
		TArray<FName> Curves, Joints;
		TArray<int32> Parents;
		TArray<FVector> Offsets;
		for (const auto& Value : Names->GetArrayField(TEXT("curves"))) Curves.Add(FName(*Value->AsString()));
		for (const auto& Value : Names->GetArrayField(TEXT("joints"))) Joints.Add(FName(*Value->AsString()));
		for (const auto& Value : Names->GetArrayField(TEXT("parents"))) Parents.Add(int32(Value->AsNumber()));
		for (const auto& Value : Names->GetArrayField(TEXT("offsets")))
		{
			const auto& Numbers = Value->AsArray();
			Offsets.Add(FVector(Numbers[0]->AsNumber(), Numbers[1]->AsNumber(), Numbers[2]->AsNumber()));
		}
		Source->Describe(Curves, Joints, Parents, Offsets);
	}
	else if (Type == TEXT("started")) Sound.Place(Told->GetNumberField(TEXT("at")), uint32(Told->GetNumberField(TEXT("sample"))));
	else if (Type == TEXT("error"))
	{
		const FString Code = Told->GetStringField(TEXT("code"));
		double Retry = 0;
		if (Code == TEXT("no_session")) Session.Reset();
		if (Told->TryGetNumberField(TEXT("retry"), Retry)) Pause = FMath::Max(Pause, float(Retry));
		if (!bOpen && Code.StartsWith(TEXT("bad_"))) bFatal = true;  // it will not get better by itself
		UE_LOG(LogTemp, Warning, TEXT("gengine: %s"), *Told->GetStringField(TEXT("message")));
	}
	OnHeard.Broadcast(Type, Text);
}

void UGengineAvatarComponent::Take(const void* Data, SIZE_T Size, SIZE_T Rest)
{
	const uint8* Bytes = static_cast<const uint8*>(Data);
	if (Whole.Num() == 0 && Size > 0 && Bytes[0] == '{') return;  // text comes here too
	Whole.Append(Bytes, int32(Size));
	if (Rest > 0) return;
	gengine::Frames Frames;
	if (gengine::Decode(Whole.GetData(), size_t(Whole.Num()), Frames))
	{
		LastSequence = Frames.sequence;
		(Frames.kind == gengine::kFace ? Face : Body).Push(Frames);
	}
	Whole.Reset();
}

bool UGengineAvatarComponent::Say(const FString& Utterance, const FString& Text, const TArray<float>& Samples)
{
	if (!bOpen) return false;
	TSharedRef<FJsonObject> Begin = Message(TEXT("say")), End = Message(TEXT("end"));
	Begin->SetStringField(TEXT("utterance"), Utterance);
	if (!Text.IsEmpty()) Begin->SetStringField(TEXT("text"), Text);
	End->SetStringField(TEXT("utterance"), Utterance);
	return Tell(Begin) && SendSound(Samples) && Tell(End);
}

bool UGengineAvatarComponent::SendSound(const TArray<float>& Samples)
{
	if (!bOpen) return false;
	if (!bMicrophone) Sound.Add(Sample, std::vector<float>(Samples.GetData(), Samples.GetData() + Samples.Num()));
	for (int32 At = 0; At < Samples.Num(); At += LongestSound)
	{
		std::vector<int16_t> Pcm;
		for (int32 k = At; k < FMath::Min(At + LongestSound, Samples.Num()); ++k)
			Pcm.push_back(int16_t(FMath::RoundToInt(FMath::Clamp(Samples[k], -1.0f, 1.0f) * 32767)));
		const std::vector<uint8_t> Sent = gengine::EncodeSound(Pcm.data(), Pcm.size(), Sample);
		Socket->Send(Sent.data(), Sent.size(), true);
		Sample += uint32(Pcm.size());
	}
	return true;
}

void UGengineAvatarComponent::Interrupt()
{
	Sound.Hush();
	Wave->ResetAudio();
	TSharedRef<FJsonObject> Said = Message(TEXT("interrupt"));
	Said->SetNumberField(TEXT("played_until"), Sound.Runs() ? FMath::Max(0.0, Sound.Time() - Buffered) : 0.0);
	Tell(Said);
}

void UGengineAvatarComponent::Feel(const FString& Mix, float Fade)
{
	TSharedRef<FJsonObject> Said = Message(TEXT("emotion"));
	Said->SetStringField(TEXT("mix"), Mix);
	Said->SetNumberField(TEXT("fade"), Fade);
	Tell(Said);
}

void UGengineAvatarComponent::Listen() { Tell(Message(TEXT("listen"))); }
void UGengineAvatarComponent::Think() { Tell(Message(TEXT("think"))); }

void UGengineAvatarComponent::TickComponent(float Delta, ELevelTick Kind, FActorComponentTickFunction* Function)
{
	Super::TickComponent(Delta, Kind, Function);
	if (Wait > 0 && (Wait -= Delta) <= 0 && !bFatal) Connect();
	PlaySound();
	if (!Sound.Runs()) return;
	const double Heard = Sound.Time() - Wave->GetAvailableAudioByteCount() / double(sizeof(int16) * Rate);
	gengine::Frame Shown, Pose;
	const bool bFace = Face.At(Heard, Shown), bBody = Body.At(Heard, Pose);
	Source->Show(bFace ? &Shown : nullptr, bBody ? &Pose : nullptr);
}

void UGengineAvatarComponent::PlaySound()
{
	const int32 Count = int32(Buffered * Rate) - Wave->GetAvailableAudioByteCount() / int32(sizeof(int16));
	if (Count <= 0) return;
	std::vector<float> Samples(static_cast<size_t>(Count));
	Sound.Read(Samples.data(), Samples.size(), Rate, Face.Begin(), Face.End());
	std::vector<int16_t> Pcm;
	for (float Value : Samples) Pcm.push_back(int16_t(Value * 32767));
	Wave->QueueAudio(reinterpret_cast<const uint8*>(Pcm.data()), int32(Pcm.size() * sizeof(int16_t)));
}
