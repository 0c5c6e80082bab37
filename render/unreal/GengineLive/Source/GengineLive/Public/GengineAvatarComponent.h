// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "Components/ActorComponent.h"
#include "GengineTimeline.h"
#include "GengineAvatarComponent.generated.h"

class FGengineLiveLinkSource;
class FJsonObject;
class IWebSocket;
class UAudioComponent;
class USoundWaveProcedural;

DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FGengineHeard, const FString&, Type, const FString&, Json);

/** Speaks and moves: plays the sound itself and gives body and face to Live Link by its clock. */
UCLASS(ClassGroup = (Animation), meta = (BlueprintSpawnableComponent))
class GENGINELIVE_API UGengineAvatarComponent : public UActorComponent
{
	GENERATED_BODY()

public:
	UGengineAvatarComponent();

	UPROPERTY(EditAnywhere, Category = "gengine") FString Address = TEXT("ws://127.0.0.1:8470/live");
	UPROPERTY(EditAnywhere, Category = "gengine") FString Token;
	/** Names the Live Link subjects: gengine_Face, gengine_Body. */
	UPROPERTY(EditAnywhere, Category = "gengine") FString Subject = TEXT("gengine");
	/** For example happy:0.6 */
	UPROPERTY(EditAnywhere, Category = "gengine") FString Emotion = TEXT("neutral");
	/** How much smaller and rarer its movement is, 0 to 1. */
	UPROPERTY(EditAnywhere, Category = "gengine") float Calm = 0;
	/** The sound that SendSound is given is a microphone's: it is not played here. */
	UPROPERTY(EditAnywhere, Category = "gengine") bool bMicrophone = false;
	/** Text messages of the server: welcome, started, ended, interrupted, spoken, error ... */
	UPROPERTY(BlueprintAssignable, Category = "gengine") FGengineHeard OnHeard;

	/** Says mono samples in [-1, 1] at 16 kHz; what of it is known may be left empty. False while not connected. */
	UFUNCTION(BlueprintCallable, Category = "gengine") bool Say(const FString& Utterance, const FString& Text, const TArray<float>& Samples);
	/** More sound: of a microphone, or of an utterance that comes in pieces. */
	UFUNCTION(BlueprintCallable, Category = "gengine") bool SendSound(const TArray<float>& Samples);
	/** Breaks off: silence at once, and the avatar ends its sentence too. */
	UFUNCTION(BlueprintCallable, Category = "gengine") void Interrupt();
	UFUNCTION(BlueprintCallable, Category = "gengine") void Feel(const FString& Mix, float Fade = 0.4f);
	UFUNCTION(BlueprintCallable, Category = "gengine") void Listen();
	UFUNCTION(BlueprintCallable, Category = "gengine") void Think();

	virtual void BeginPlay() override;
	virtual void EndPlay(const EEndPlayReason::Type Reason) override;
	virtual void TickComponent(float Delta, ELevelTick Kind, FActorComponentTickFunction* Function) override;

private:
	void Connect();
	void Hear(const FString& Text);
	void Take(const void* Data, SIZE_T Size, SIZE_T Rest);
	bool Tell(const TSharedRef<FJsonObject>& Message);
	void PlaySound();

	TSharedPtr<IWebSocket> Socket;
	TSharedPtr<FGengineLiveLinkSource> Source;
	UPROPERTY() UAudioComponent* Player = nullptr;
	UPROPERTY() USoundWaveProcedural* Wave = nullptr;
	gengine::Track Face, Body;
	gengine::Sound Sound;
	TArray<uint8> Whole;  // parts of a binary message
	FString Session;
	int64 LastSequence = -1;
	uint32 Sample = 0;
	float Pause = 0, Wait = 0;
	bool bOpen = false, bFatal = false;
};
